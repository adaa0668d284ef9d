"""What an answer has to pass before it is a caption: pure functions, each with its own reason."""

from pydantic import BaseModel, ConfigDict


class GateOptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
