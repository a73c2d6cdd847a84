"""Operators: functions of tensors that know nothing of modules, configs or files."""

from .actor_roi_pool3d import actor_roi_pool3d

__all__ = ["actor_roi_pool3d"]
