"""The parsers of briefs. To add one, write a module that meets `BriefParser` and list it here."""

from pipeline.core.engines import Registry
from pipeline.language.briefs import grammar, model
from pipeline.language.briefs.base import BriefParser

PARSERS: Registry[BriefParser] = Registry("brief", grammar, model)
