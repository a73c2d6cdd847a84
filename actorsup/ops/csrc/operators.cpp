// The operators' schemas. Autograd and the fake kernels are registered in Python, beside the public function.
#include <torch/library.h>

#include <string>

namespace {

// What this library was compiled for: "CPU", or "CPU and CUDA (8.0;9.0+PTX)".
std::string build_info() {
#ifdef ACTORSUP_CUDA_ARCHITECTURES
  return "CPU and CUDA (" ACTORSUP_CUDA_ARCHITECTURES ")";
#else
  return "CPU";
#endif
}

} // namespace

TORCH_LIBRARY(actorsup, m) {
  m.def(
      "actor_roi_pool3d(Tensor features, Tensor tubes, Tensor video_index, Tensor weights, SymInt[2] output_size, "
      "float spatial_scale) -> Tensor");
  m.def(
      "actor_roi_pool3d_backward(Tensor grad, Tensor tubes, Tensor video_index, Tensor weights, "
      "SymInt[5] features_size, bool channels_last, float spatial_scale) -> Tensor");
  m.def("build_info() -> str", &build_info);
}
