#!/bin/sh
# What the official Flink image's entry point promises, without its scripts and its bash:
#
#   jobmanager [HOST] [ARGS] | standalone-job [ARGS] | taskmanager [ARGS] | COMMAND [ARGS]
#
# and, called by these names on the PATH, kubernetes-jobmanager.sh and kubernetes-taskmanager.sh. The configuration is
# config.yaml of FLINK_CONF_DIR, with flat keys; FLINK_PROPERTIES ("key: value" lines) and arguments win over it.
#
# As in the official image, Flink's own BashJavaUtils computes the memory of a process, in a JVM that starts before it.
# FLINKJOB_STATIC_MEMORY=1 does without (half a second to two): JVM_ARGS and the taskmanager.memory.* keys must say it all.
set -eu
java=$JAVA_HOME/bin/java
role=${1:-help}
[ $# -eq 0 ] || shift
case $role in
  jobmanager)
    kind=jobmanager main=org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint
    # --host is accepted by Flink, and has no effect.
    case ${1:-} in
      '' | -*) ;;
      *) host=$1; shift; set -- -D jobmanager.rpc.address="$host" "$@" ;;
    esac ;;
  standalone-job)
    kind=jobmanager main=org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint ;;
  taskmanager)
    kind=taskmanager main=org.apache.flink.runtime.taskexecutor.TaskManagerRunner ;;
  kubernetes-session)
    kind=jobmanager main=org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint ;;
  kubernetes-application)
    kind=jobmanager main=org.apache.flink.kubernetes.entrypoint.KubernetesApplicationClusterEntrypoint ;;
  kubernetes-taskmanager)
    kind=taskmanager main=org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner ;;
  help)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0"
    exit 0 ;;
  *)
    exec "$role" "$@" ;;
esac

given=${FLINK_CONF_DIR:-$FLINK_HOME/conf}
# A ConfigMap's directory is read-only, and hides the files that it does not have.
conf=${TMPDIR:-/tmp}/flink-conf
mkdir -p "$conf"
cp -L "$FLINK_HOME"/conf-default/* $conf/
cp -L "$given"/* $conf/ 2>/dev/null || true
export FLINK_CONF_DIR=$conf

# As -D arguments: a key that stands twice in one YAML file would be an error.
while IFS= read -r line; do
  line=${line#"${line%%[! ]*}"}
  line=${line%"${line##*[! ]}"}
  case $line in '#'*) continue ;; *:*) ;; *) continue ;; esac
  value=${line#*:}
  set -- "$@" -D "${line%%:*}=${value#"${value%%[! ]*}"}"
done <<PROPERTIES
${FLINK_PROPERTIES:-}
PROPERTIES

# The last value of a key in config.yaml or in the -D arguments.
option() {
  found=$(sed -n "s/^$1: *//p" $conf/config.yaml | tail -n 1)
  shift_next=
  key=$1
  shift
  for argument; do
    case $argument in
      -D"$key"=*) found=${argument#-D"$key"=} ;;
      "$key"=*) [ "$shift_next" != -D ] || found=${argument#"$key"=} ;;
    esac
    shift_next=$argument
  done
  found=${found#[\"\']}
  echo "${found%[\"\']}"
}
jvm="$(option env.java.opts.all "$@") $(option env.java.opts.$kind "$@") ${JVM_ARGS:-}"

if [ -n "${FLINK_TM_JVM_MEM_OPTS:-}" ]; then
  # The JobManager has computed everything for the TaskManager that it asks for.
  jvm="$FLINK_TM_JVM_MEM_OPTS $jvm"
elif [ -z "${FLINKJOB_STATIC_MEMORY:-}" ]; then
  case $kind in jobmanager) what=GET_JM_RESOURCE_PARAMS ;; *) what=GET_TM_RESOURCE_PARAMS ;; esac
  said=$("$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$FLINK_HOME/lib/*" \
    org.apache.flink.runtime.util.bash.BashJavaUtils $what --configDir $conf --bindir "$FLINK_HOME/bin" "$@" 2>&1) || {
    echo "$said" >&2
    exit 1
  }
  results=$(echo "$said" | sed -n 's/^BASH_JAVA_UTILS_EXEC_RESULT://p')
  jvm="$(echo "$results" | sed -n 1p) $jvm"
  # Its keys and values hold no spaces.
  [ $kind = jobmanager ] || set -- "$@" $(echo "$results" | sed -n 2p)
fi

# By their names: the archive of classes below is good for this order only.
jars=
for jar in "$FLINK_HOME"/lib/*.jar; do jars=$jars${jars:+:}$jar; done
archive=$FLINK_HOME/cds/$kind.jsa
if [ -n "${FLINKJOB_RECORD_CLASSES:-}" ]; then
  jvm="-XX:ArchiveClassesAtExit=$FLINKJOB_RECORD_CLASSES $jvm"
elif [ -f "$archive" ]; then
  jvm="-XX:SharedArchiveFile=$archive -Xlog:cds=off -Xlog:cds+dynamic=off $jvm"
fi

opens=
for name in lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
  opens="$opens --add-opens=java.base/java.$name=ALL-UNNAMED"
done
exec "$java" $jvm $opens --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
  --add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED --add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED \
  -Dlog4j.configurationFile=file:$conf/log4j-console.properties -Dlog.file=/opt/flink/log/flink.log \
  -cp "$jars" $main --configDir $conf "$@"
