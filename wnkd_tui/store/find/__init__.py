"""Finding trials and jobs among many: the filter language, its fields, lists of numbers, labels."""
