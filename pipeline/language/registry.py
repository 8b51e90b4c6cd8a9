"""The caption engines. To add one, write a module that meets `Captioner` and list it here."""

from pipeline.core.engines import Registry
from pipeline.language import anthropic_messages, measured
from pipeline.language.base import Captioner

ENGINES: Registry[Captioner] = Registry("caption", measured, anthropic_messages)
