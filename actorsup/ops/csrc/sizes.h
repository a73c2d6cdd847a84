// Sizes and memory layout of the tensors: 64-bit throughout, because features may have more than 2³¹ elements.
#pragma once

#include <cstdint>

#include "interpolation.h"

namespace actorsup {

// Sizes in the order of the features' axes (B, N, C, H, W), then of the tubes and the grid.
struct Sizes {
  int64_t videos, frames, channels, height, width, tubes, rows, columns;

  ACTORSUP_HOST_DEVICE int64_t cells() const {
    return height * width;
  }
  ACTORSUP_HOST_DEVICE int64_t samples() const {
    return rows * columns;
  }
};

// How many elements apart neighbours along each axis of the features are. A frame is contiguous as (C, H, W) or, in
// channels-last layout, as (H, W, C); videos and frames lie anywhere.
struct Layout {
  bool channels_last;
  int64_t video, frame, channel, cell;
};

} // namespace actorsup
