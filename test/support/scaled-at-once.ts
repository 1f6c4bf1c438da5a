/** Flink's options for an adaptive scheduler that scales a job as soon as it can: by itself it waits half a minute between two changes. */
export const SCALED_AT_ONCE = {
  "jobmanager.scheduler": "adaptive",
  // Flink 1.20
  "jobmanager.adaptive-scheduler.scaling-interval.min": "0 ms",
  // Flink 2
  "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "0 ms",
};
