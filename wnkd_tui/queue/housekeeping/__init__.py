"""What is left over is freed (`wnkd gc`); what is broken is found and mended (`wnkd doctor`)."""
