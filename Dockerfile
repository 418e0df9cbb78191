# The image of operator and agents. hack/image makes the same layers without a container engine, and makes
# them here too. Context: the root of a checkout.
#
#   docker build --tag flume-operator:0.1.0 .
FROM docker.io/library/node:26-bookworm AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run image -- --directory /layers

# No shell, no package manager: Node, the C libraries it is linked to, and the project. See hack/image/layers.ts.
FROM scratch
COPY --from=build /layers/base/ /
COPY --from=build /layers/node/ /
COPY --from=build /layers/libraries/ /
COPY --from=build /layers/application/ /
ENV PATH=/opt/flume-operator/bin:/usr/local/bin \
    NODE_COMPILE_CACHE=/opt/flume-operator/compile-cache \
    NODE_COMPILE_CACHE_PORTABLE=1
USER 65532:65532
ENTRYPOINT ["/opt/flume-operator/bin/flume"]
CMD ["--help"]
