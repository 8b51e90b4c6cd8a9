"""The readers. To add one, write a module that meets `Reader` and list it here."""

from pipeline.core.engines import Registry
from pipeline.language.evidence.readers import none, rapid
from pipeline.language.evidence.readers.base import Reader

ENGINES: Registry[Reader] = Registry("evidence", rapid, none)
