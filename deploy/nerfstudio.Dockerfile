# The image of pods whose splat engine is nerfstudio. Nerfstudio and the project have separate Python environments; the
# project calls ns-train and ns-export. Running it requires an NVIDIA driver 530 or newer; building it needs no GPU.
# Build in the project's folder: docker build --file deploy/nerfstudio.Dockerfile --tag catalog-nerfstudio .
# BASE needs nvcc 12.1. Where it has no Python 3.11, uv downloads one.
ARG UV=ghcr.io/astral-sh/uv:0.5.5
ARG BASE=docker.io/nvidia/cuda:12.1.1-devel-ubuntu22.04
FROM $UV AS uv
FROM $BASE

# torch 2.4.1 from PyPI was built with nvcc 12.1; gsplat's kernels are compiled here, once, for these GPUs.
ARG CUDA_ARCHITECTURES="7.0;7.5;8.0;8.6;8.9;9.0"
ENV DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_INSTALL_DIR=/opt/python CC=gcc CXX=g++
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential ca-certificates git libegl1 libgl1 libglib2.0-0 \
        libgomp1 libsm6 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home catalog \
    && install --directory --owner=catalog --group=catalog /catalog

COPY --from=uv /uv /usr/local/bin/uv
RUN uv venv --python 3.11 /opt/nerfstudio && uv venv --python 3.11 --seed /opt/project
COPY deploy/nerfstudio.txt /opt/nerfstudio/pins.txt
# ns-train builds LPIPS before its first step; its weights are downloaded here, not at run time.
ENV TORCH_HOME=/opt/nerfstudio/weights TORCH_EXTENSIONS_DIR=/opt/nerfstudio/kernels
RUN VIRTUAL_ENV=/opt/nerfstudio uv pip install --requirement /opt/nerfstudio/pins.txt \
    && TORCH_CUDA_ARCH_LIST="$CUDA_ARCHITECTURES" /opt/nerfstudio/bin/python -c \
        "from gsplat.cuda._backend import _C; assert _C is not None, 'gsplat was not compiled'" \
    && /opt/nerfstudio/bin/python -c \
        "from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity as L; L(normalize=True)" \
    && ln --symbolic /opt/nerfstudio/bin/ns-train /opt/nerfstudio/bin/ns-export /usr/local/bin/

WORKDIR /opt/catalog
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pipeline pipeline
# The project evaluates splats, and fits those that start from nerfacto, on the CPU: torch without CUDA halves the image.
RUN /opt/project/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu --constraint constraints.txt \
    '.[postgres]'
ENV PATH=/opt/project/bin:$PATH PYTHONPATH=/opt/catalog MPLCONFIGDIR=/tmp/matplotlib
# as in deploy/Dockerfile
ENV NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx2,+fma KERNELS_DIR=/opt/kernels NUMBA_CACHE_DIR=/tmp/numba
RUN NUMBA_CACHE_DIR=$KERNELS_DIR python -m pipeline.warm

USER 10001:10001
VOLUME ["/catalog"]
CMD ["python", "-m", "pipeline", "doctor"]
