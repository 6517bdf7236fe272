# fgan on the CPU; TORCH_CPU_INDEX is the package index of torch's CPU builds (without it, pip fetches CUDA's):
#   docker build --build-arg TORCH_CPU_INDEX=... -t fgan .
#   docker run --rm -v "$PWD:/work" fgan train digits --steps 2000
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir build && python -m build --wheel --outdir /dist

FROM python:3.11-slim
# The compiled step needs a C++ compiler; without one, runs go on uncompiled and say so.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
ARG TORCH_CPU_INDEX=""
COPY constraints.txt /
COPY --from=build /dist /dist
RUN PIP_EXTRA_INDEX_URL="$TORCH_CPU_INDEX" pip install --no-cache-dir -c /constraints.txt /dist/*.whl
RUN useradd --create-home fgan
USER fgan
WORKDIR /work
ENTRYPOINT ["fgan"]
CMD ["--help"]
