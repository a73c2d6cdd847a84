// The bilinear kernel of Eq. 1 along one axis: what all kernels, on CPU and CUDA, forward and backward, share.
#pragma once

#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#define ACTORSUP_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define ACTORSUP_HOST_DEVICE inline
#endif

namespace actorsup {

// The two neighbouring cells that a sample reads, and how much of each. A cell outside of the map weighs nothing and
// is replaced by its neighbour inside, so that both may always be read.
template <typename T>
struct alignas(16) Taps {
  int32_t first;
  int32_t second;
  T first_weight;
  T second_weight;

  // The sample contributes nothing.
  ACTORSUP_HOST_DEVICE bool outside() const {
    return first_weight == 0 && second_weight == 0;
  }

  ACTORSUP_HOST_DEVICE T weight_of(int64_t cell) const {
    return (cell == first ? first_weight : T(0)) + (cell == second ? second_weight : T(0));
  }
};

// Sample `index` of `num_samples` inside the edges `low` and `high` of a box, which are in input pixels.
// Cell i is centred at i + 1/2 feature units, and 1 / num_samples of the box belongs to each sample.
template <typename T>
ACTORSUP_HOST_DEVICE Taps<T> taps_of_sample(
    T low, T high, int64_t index, int64_t num_samples, int64_t num_cells, T spatial_scale) {
  const T fraction = (T(index) + T(0.5)) / T(num_samples);
  const T coordinate = (low + fraction * (high - low)) * spatial_scale - T(0.5);
  // The negation is true for NaN, which boxes of enormous finite coordinates can give.
  if (!(coordinate > T(-1) && coordinate < T(num_cells))) {
    return {0, 0, T(0), T(0)};
  }
  const T below = std::floor(coordinate);
  const T share = coordinate - below;
  const int32_t cell = static_cast<int32_t>(below);
  if (cell < 0) {
    return {0, 0, T(0), share};
  }
  if (cell + 1 >= num_cells) {
    return {cell, cell, T(1) - share, T(0)};
  }
  return {cell, cell + 1, T(1) - share, share};
}

} // namespace actorsup
