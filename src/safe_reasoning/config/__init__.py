"""The typed configuration of a run.

`run` holds the whole, the other modules its blocks; what most callers need is handed on here.
"""

from safe_reasoning.config.attacks import Attack
from safe_reasoning.config.characterize import Characterize
from safe_reasoning.config.engine import Decoding, Engine, JobSize, Resources
from safe_reasoning.config.evaluate import Evaluate, Report
from safe_reasoning.config.loading import changed, check_files, dump, load, read, validate
from safe_reasoning.config.methods import Method
from safe_reasoning.config.models import FolderModel, GgufModel, HubModel, Model, NanoModel
from safe_reasoning.config.pairs import Pairs
from safe_reasoning.config.run import Config, Plan, PromptSet, Role

__all__ = [
    "Attack",
    "Characterize",
    "Config",
    "Decoding",
    "Engine",
    "Evaluate",
    "FolderModel",
    "GgufModel",
    "HubModel",
    "JobSize",
    "Method",
    "Model",
    "NanoModel",
    "Pairs",
    "Plan",
    "PromptSet",
    "Report",
    "Resources",
    "Role",
    "changed",
    "check_files",
    "dump",
    "load",
    "read",
    "validate",
]
