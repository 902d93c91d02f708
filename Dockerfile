# A static binary on an empty root: no shell, no libraries, no package to keep up to date.

# Any image with the Rust toolchain, gcc and libc6-dev (for libc.a) will do. aws-lc-sys compiles C and
# assembly with gcc alone; it asks for cmake only with FIPS, with AWS_LC_SYS_CMAKE_BUILDER=1 or
# AWS_LC_SYS_NO_ASM=1, and where it has no bindings for the target.
ARG RUST_IMAGE=rust:1-bookworm

FROM ${RUST_IMAGE} AS build
# Writes into the binary which crates it is made of: `cargo audit bin`, and scanners of images, read that.
ARG CARGO_AUDITABLE=0.7.7
RUN cargo install --locked cargo-auditable@${CARGO_AUDITABLE}
# Collects the licences of those crates.
ARG CARGO_ABOUT=0.9.3
RUN cargo install --locked cargo-about@${CARGO_ABOUT} --features cli
WORKDIR /src
COPY . .
# The mounts keep downloads and compiled dependencies from one build to the next; the build is the same without them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    RELEASE_FILES=/out/files release/build \
    && install -D -m 0555 /out/files/bin/*/podgate /out/podgate \
    && install -d -m 0700 /out/certs \
    && release/notices /out/licenses/THIRD-PARTY-NOTICES.txt \
    && install -m 0444 LICENSE /out/licenses/LICENSE

# `--build-context build=FOLDER` puts a folder with out/podgate, out/certs and out/licenses in place of the stage
# above: this one needs no base image then. tests/image/run and release/image do so.
FROM scratch
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="podgate" \
      org.opencontainers.image.description="A Kubernetes admission webhook that judges the Pod lifecycle" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/podgate /podgate
COPY --from=build /out/licenses /licenses
# Only for trying it out: where `serve` writes a development certificate. In a cluster --cert-dir
# points at a mounted Secret, and the root is read-only.
COPY --from=build --chown=65532:65532 /out/certs /certs
# Blocks from this size on are given back to the system when they are freed. By itself glibc raises the
# bound to 32 MiB once a large body was freed, and keeps what comes after it: twice the memory under load.
# Without a bound each thread keeps freed memory of its own.
ENV GLIBC_TUNABLES=glibc.malloc.mmap_threshold=131072:glibc.malloc.arena_max=2
# Numeric: there is no /etc/passwd, and runAsNonRoot can only check a number.
USER 65532:65532
# Webhook (TLS); probes and metrics (plain HTTP).
EXPOSE 8443 8080
ENTRYPOINT ["/podgate"]
CMD ["serve", "--listen", "0.0.0.0:8443", "--admin-listen", "0.0.0.0:8080", "--cert-dir", "/certs"]
