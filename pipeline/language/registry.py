"""The caption engines. To add one, write a module that meets `Captioner` and list it here."""

from pipeline.core.engines import Registry
from pipeline.language import measured
from pipeline.language import transformers_captions as transformers
from pipeline.language.base import Captioner
from pipeline.language.llm import captions as llm

ENGINES: Registry[Captioner] = Registry("caption", measured, llm, transformers)
