"""The engines of the splat step; to add one, write a module beside this one and name it here."""

from pipeline.core.engines import Registry
from pipeline.splatting.engines import cpu, gsplat, nerfstudio
from pipeline.splatting.engines.base import SplatEngine

ENGINES: Registry[SplatEngine] = Registry("splat", cpu, gsplat, nerfstudio)
