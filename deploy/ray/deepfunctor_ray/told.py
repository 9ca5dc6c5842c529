"""Errors as the deepfunctor command tells them: a code of docs/errors.md, what was wrong, where, and what to do."""

# What a person gave; the rest are failures of the machine. The same exit codes as the command's.
_GIVEN = {"USAGE", "INPUT_MISSING", "OUTPUT_EXISTS", "DATA_BROKEN"}


class Told(Exception):
    def __init__(self, code: str, what: str, where: str, todo: str):
        super().__init__(code, what, where, todo)  # as its arguments, so that it can be pickled
        self.code, self.what, self.where, self.todo = code, what, where, todo

    def __str__(self) -> str:
        return f"{self.what} [{self.code}]\n  where: {self.where}\n  do: {self.todo}"

    @property
    def exit_code(self) -> int:
        return 2 if self.code in _GIVEN else 1


def told_by(error: BaseException) -> Told | None:
    """The error that a worker told, inside of what Ray wraps it in."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if type(error).__name__ == "Told":  # a worker's class is a copy of this one
            return Told(error.code, error.what, error.where, error.todo)
        error = getattr(error, "cause", None) or error.__cause__
    return None
