#!/bin/sh
# Runs a small Flink of this image to the end of a job, and keeps the classes that each role has loaded: a JVM that finds
# them starts with two thirds of the work. Called in the image's root, with a network and a
# host name of its own.
set -eu
rest=http://127.0.0.1:8081
jar=00000000-0000-0000-0000-000000000000_jobs.jar
mkdir -p /tmp/web/flink-web-upload "$FLINK_HOME/cds"
hostname localhost
echo 127.0.0.1 localhost >/etc/hosts
cp "$FLINK_HOME/usrlib/flinkjob-jobs.jar" /tmp/web/flink-web-upload/$jar

record() {
  export TMPDIR=/tmp/$1
  mkdir -p $TMPDIR
  FLINKJOB_RECORD_CLASSES=$FLINK_HOME/cds/$1.jsa exec /docker-entrypoint.sh "$@" -D jobmanager.rpc.address=127.0.0.1 \
    -D jobmanager.memory.process.size=1g -D taskmanager.memory.process.size=1g -D taskmanager.host=127.0.0.1 \
    -D rest.address=127.0.0.1 -D web.upload.dir=/tmp/web >/tmp/$1.log 2>&1
}
record jobmanager &
jobmanager=$!
record taskmanager &
taskmanager=$!

# Until what REST says has these words.
until_rest_says() {
  tries=0
  until wget -qO- $rest$1 2>/dev/null | grep -q "$2"; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
      echo "$rest$1 does not say $2" >&2
      tail -n 15 /tmp/jobmanager.log /tmp/taskmanager.log >&2
      exit 1
    fi
    sleep 0.2
  done
}
until_rest_says /overview '"slots-total":1'
wget -qO- --header 'Content-Type: application/json' \
  --post-data '{"entryClass": "dev.flinkjob.testing.Scenario", "programArgsList": ["batch"]}' $rest/jars/$jar/run >/dev/null
until_rest_says /jobs/overview FINISHED
kill $taskmanager $jobmanager
wait $taskmanager || true
wait $jobmanager || true
ls "$FLINK_HOME/cds/jobmanager.jsa" "$FLINK_HOME/cds/taskmanager.jsa"
