# syntax=docker/dockerfile:1
# The image of the operator and the gateway: a Node binary, the C libraries it loads, one bundled file each. No shell, no package manager.
#   docker build -t flinkjob-operator:dev --build-arg REVISION="$(git rev-parse HEAD)" .

FROM node:24-bookworm-slim AS build
WORKDIR /build
# The packages change seldom, the sources often: two layers.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY src src
COPY dev/build.ts dev/build.ts
COPY dev/bundle dev/bundle
# Built and run by the Node version that package-lock.json pins, which is the one that the tests ran on.
RUN node_modules/.bin/node dev/build.ts image
RUN set -eu; \
    node="$(readlink -f node_modules/.bin/node)"; \
    install -D -m 0555 "$node" /image/usr/bin/node; \
    install -D -m 0444 dist/operator.mjs /image/operator/operator.mjs; \
    install -D -m 0444 dist/gateway.mjs /image/operator/gateway.mjs; \
    install -D -m 0444 dist/fetch-jar.mjs /image/operator/fetch-jar.mjs; \
    install -D -m 0444 dist/clean-storage.mjs /image/operator/clean-storage.mjs; \
    install -D -m 0444 dist/programs.licenses.txt /image/operator/programs.licenses.txt; \
    cp --parents --dereference $(ldd "$node" | grep -o '/[^ ]*') /image; \
    mkdir -p /image/etc; \
    echo 'operator:x:65532:65532::/:/none' > /image/etc/passwd; \
    echo 'operator:x:65532:' > /image/etc/group; \
    chroot --userspec=65532:65532 /image /usr/bin/node /operator/operator.mjs --version; \
    chroot --userspec=65532:65532 /image /usr/bin/node /operator/gateway.mjs --version; \
    chroot --userspec=65532:65532 /image /usr/bin/node /operator/fetch-jar.mjs --version; \
    chroot --userspec=65532:65532 /image /usr/bin/node /operator/clean-storage.mjs --version

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="flinkjob-operator" \
      org.opencontainers.image.description="A Kubernetes operator that submits Flink jobs exactly once and tells the truth about it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
COPY --from=build /image /
# One arena is enough for a process of one busy thread, and saves about 5 MB.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# A number, so that runAsNonRoot can be checked without the image's own passwd file. Nothing is ever written.
USER 65532:65532
EXPOSE 8080 8081 8090
# The gateway: --entrypoint /usr/bin/node, argument /operator/gateway.mjs.
ENTRYPOINT ["/usr/bin/node", "/operator/operator.mjs"]
