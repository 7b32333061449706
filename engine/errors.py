"""The errors that a person can mend: one line each, what and where and what to do."""


class WnkdError(Exception):
    """Base of every error whose message is meant for a person; shown without a traceback."""


class SpecError(WnkdError):
    """A trial, recipe or flag asks for something that does not exist or does not fit together."""


class DataError(WnkdError):
    """A dataset is missing, damaged or not what it says it is."""


class TrainingError(WnkdError):
    """A training diverged."""


class ArtifactError(WnkdError):
    """An artifact is missing or damaged."""


class DeviceError(WnkdError):
    """The device that a job is to compute on cannot be used."""


class RankLostError(WnkdError):
    """Another process that shares a job's work is gone, or does not answer."""


class DiskFullError(WnkdError):
    """There is no room for what is to be written."""


class Paused(BaseException):
    """A training stopped after an epoch because it was asked to. Not an Exception, so that no
    handler for ordinary faults takes it."""
