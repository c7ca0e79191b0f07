# Two stages: a static binary, and nothing else but the roots that TLS trusts.
ARG GO_IMAGE=golang:1.26
FROM ${GO_IMAGE} AS build
ARG VERSION=development
WORKDIR /source
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/paygate . && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/paygate /paygate
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV PAYGATE_STORE=bbolt:/data/paygate.db
# The store, and large uploads while they come in: nothing else is written.
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s CMD ["/paygate", "healthcheck"]
ENTRYPOINT ["/paygate"]
CMD ["serve"]
