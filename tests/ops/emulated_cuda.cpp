// Runs the CUDA kernels on the CPU, one thread after the other: what they compute, without a device.
#include <cmath>
#include <cstdint>

struct Dimension {
  int64_t x;
};
static Dimension blockIdx, threadIdx;
static const Dimension gridDim{3}, blockDim{7}; // fewer threads than elements: each takes several

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#include "cuda_kernels.cuh"

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), Arguments... arguments) {
  for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
    for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x) {
      kernel(arguments...);
    }
  }
}

using actorsup::Layout;
using actorsup::Sizes;
using Taps = actorsup::Taps<double>;

extern "C" {

void taps(void* taps, const double* boxes, const double* weights, const Sizes* sizes, double spatial_scale) {
  launch(actorsup::taps_kernel<double>, static_cast<Taps*>(taps), boxes, weights, *sizes, spatial_scale);
}

void forward(
    double* pooled, const double* features, const Layout* layout, const Sizes* sizes, const void* taps,
    const int64_t* video_index) {
  const int64_t num_groups = (sizes->channels + actorsup::kForwardChannels - 1) / actorsup::kForwardChannels;
  launch(
      actorsup::forward_kernel<double, double>, pooled, features, *layout, *sizes, static_cast<const Taps*>(taps),
      video_index, num_groups);
}

void backward(
    double* grad_features, const double* grad, const Layout* layout, const Sizes* sizes, const void* taps,
    const int64_t* video_index) {
  const int64_t num_groups = (sizes->channels + actorsup::kBackwardChannels - 1) / actorsup::kBackwardChannels;
  launch(
      actorsup::backward_kernel<double, double>, grad_features, grad, *layout, *sizes, static_cast<const Taps*>(taps),
      video_index, num_groups);
}

}
