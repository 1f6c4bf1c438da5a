package dev.flinkjob.testing;

import dev.flinkjob.Arguments;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.CloseableIterator;

/**
 * One main() for every way a user's main() can behave. Arguments: {@code MODE [--option value]...}
 *
 * <ul>
 *   <li>{@code stream}: a job without end
 *   <li>{@code batch}: a job of {@code --elements} (100) elements that finishes at once
 *   <li>{@code count}: a job without end that counts in its state, see {@link Counting}; {@code --numbers FILE}; {@code --uid
 *       NAME} (count) names that state; {@code --fail-at NUMBER} throws there
 *   <li>{@code throw}: main() throws {@code --message}
 *   <li>{@code noexecute}: main() builds a job and never executes it
 *   <li>{@code exit}: main() calls System.exit(3)
 *   <li>{@code two}, {@code two-async}: two endless jobs, by execute() or by executeAsync()
 *   <li>{@code fail}: a task throws {@code --message}
 *   <li>{@code result}: main() reads the accumulators of the result of execute(), {@code --times} (1) one after the other;
 *       before that, with {@code --collect NUMBER}, so many elements of a job by executeAndCollect()
 * </ul>
 *
 * <p>For every mode: {@code --sleep MS} sleeps in main() first; {@code --wait-for FILE} then waits in main() until that
 * file is there; {@code --name NAME} (default {@code scenario-MODE});
 * {@code --delay MS} (20 for endless jobs, otherwise 0) is spent on each element; {@code --trace FILE} appends a line
 * {@code main JOBID TIME} when main() starts, {@code executed JOBID TIME} when execute() returned, and {@code task JOBID
 * TIME} when the source task starts; JOBID is {@code -} where main() was given none, TIME is in milliseconds since 1970.
 */
public final class Scenario {

    /** Where Flink keeps the JobID of the run request while main() runs; internal, the same in 1.17 and 2.3. */
    private static final ConfigOption<String> FIXED_JOB_ID =
            ConfigOptions.key("$internal.pipeline.job-id").stringType().defaultValue("-");

    private final String mode;
    private final Arguments arguments;
    private final Trace trace;
    private final String jobId;

    private Scenario(String mode, Arguments arguments) {
        this.mode = mode;
        this.arguments = arguments;
        this.trace = new Trace(arguments.text("trace", ""));
        this.jobId = StreamExecutionEnvironment.getExecutionEnvironment().getConfiguration().get(FIXED_JOB_ID);
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            throw new IllegalArgumentException("Expected MODE [--option value]...");
        }
        new Scenario(args[0], Arguments.parse(args, 1)).run();
    }

    private void run() throws Exception {
        trace.write("main", jobId);
        Thread.sleep(arguments.whole("sleep", 0));
        waitFor(arguments.text("wait-for", ""));
        switch (mode) {
            case "stream":
                endless().execute(name());
                break;
            case "batch":
                finite().execute(name());
                break;
            case "count":
                counting().execute(name());
                break;
            case "throw":
                throw new IllegalStateException(message());
            case "noexecute":
                finite();
                return;
            case "exit":
                System.exit(3);
                return;
            case "two":
                endless().execute(name() + "-1");
                trace.write("executed", jobId);
                endless().execute(name() + "-2");
                break;
            case "two-async":
                endless().executeAsync(name() + "-1");
                trace.write("executed", jobId);
                endless().executeAsync(name() + "-2");
                break;
            case "fail":
                failing().execute(name());
                break;
            case "result":
                collect(arguments.whole("collect", 0));
                for (long time = 1; time <= arguments.whole("times", 1); time++) {
                    JobExecutionResult result = finite().execute(name());
                    System.err.println("elements: " + result.<Long>getAccumulatorResult(Work.ELEMENTS));
                }
                break;
            default:
                throw new IllegalArgumentException("Unknown mode \"" + mode + "\"");
        }
        trace.write("executed", jobId);
    }

    private static void waitFor(String file) throws InterruptedException {
        while (!file.isEmpty() && !Files.exists(Path.of(file))) {
            Thread.sleep(20);
        }
    }

    private void collect(long elements) throws Exception {
        if (elements == 0) {
            return;
        }
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        long collected = 0;
        try (CloseableIterator<Long> iterator = env.fromSequence(1, elements).executeAndCollect(name())) {
            for (; iterator.hasNext(); iterator.next()) {
                collected++;
            }
        }
        System.err.println("collected: " + collected);
    }

    private StreamExecutionEnvironment endless() {
        return graph(Long.MAX_VALUE, arguments.whole("delay", 20), "");
    }

    private StreamExecutionEnvironment finite() {
        return graph(arguments.whole("elements", 100), arguments.whole("delay", 0), "");
    }

    private StreamExecutionEnvironment failing() {
        return graph(Long.MAX_VALUE, arguments.whole("delay", 0), message());
    }

    private StreamExecutionEnvironment graph(long elements, long delayMillis, String failure) {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSequence(1, elements)
                .uid("sequence")
                .map(new Work(delayMillis, failure, trace))
                .uid("work")
                .name("work")
                // No sink of one version is there in all of them, and none is needed.
                .filter(element -> false)
                .name("discard");
        return env;
    }

    private StreamExecutionEnvironment counting() {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        Counting counting =
                new Counting(arguments.whole("fail-at", -1), arguments.text("numbers", ""), trace);
        long delayMillis = arguments.whole("delay", 20);
        env.fromSequence(1, Long.MAX_VALUE)
                .uid("sequence")
                // Before the exchange: what waits in its buffers would hold up every barrier of a checkpoint.
                .map(
                        number -> {
                            Thread.sleep(delayMillis);
                            return number;
                        })
                .returns(Types.LONG)
                .name("pace")
                .keyBy(number -> 0)
                .map(counting)
                .uid(arguments.text("uid", "count"))
                .name("count")
                .filter(element -> false)
                .name("discard");
        return env;
    }

    private String name() {
        return arguments.text("name", "scenario-" + mode);
    }

    private String message() {
        return arguments.text("message", "the user's code says no");
    }

    /** Chained to the source, so it is open when the source task has started. */
    private static final class Work extends RichMapFunction<Long, Long> implements CheckpointedFunction {

        static final String ELEMENTS = "elements";

        private final long delayMillis;
        private final String failure;
        private final Trace trace;
        private final LongCounter elements = new LongCounter();

        Work(long delayMillis, String failure, Trace trace) {
            this.delayMillis = delayMillis;
            this.failure = failure;
            this.trace = trace;
        }

        /** In place of open(), whose parameter is another one in each of 1.18 and 2.0. */
        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            getRuntimeContext().addAccumulator(ELEMENTS, elements);
            if (Task.isFirst(getRuntimeContext())) {
                trace.write("task", Task.jobId(getRuntimeContext()));
            }
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {}

        @Override
        public Long map(Long element) throws Exception {
            if (!failure.isEmpty() && element >= 5) {
                throw new IllegalStateException(failure);
            }
            if (delayMillis > 0) {
                Thread.sleep(delayMillis);
            }
            elements.add(1);
            return element;
        }
    }
}
