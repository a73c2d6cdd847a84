"""Operators: functions of tensors that know nothing of modules, configs or files."""

from .ops import actor_roi_pool3d

__all__ = ["actor_roi_pool3d"]
