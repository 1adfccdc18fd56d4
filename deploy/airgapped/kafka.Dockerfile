# Stand-in for apache/kafka:4.3.1: the same jars on Debian's Java, started as the official image starts them.
FROM werkbedrijf/debian:trixie
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-21-jre-headless >/dev/null \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home appuser \
 && install -d -o appuser /opt/kafka/config /var/lib/kafka/data /mnt/shared/config /etc/kafka/docker
COPY libs /opt/kafka/libs
COPY kafka-run /etc/kafka/docker/run
USER appuser
VOLUME ["/var/lib/kafka/data", "/mnt/shared/config"]
EXPOSE 9092
CMD ["/etc/kafka/docker/run"]
