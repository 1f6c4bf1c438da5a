package dev.flinkjob.testing;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;

/**
 * Counts the numbers 1, 2, 3 ... of a sequence in its state, and appends a line {@code JOBID NUMBER COUNT} for each to a
 * file: the witness of what an upgrade kept. Source and count begin together, so NUMBER equals COUNT as long as they were
 * restored from the same snapshot; a number that is missing was lost, one that is there twice was processed again.
 */
final class Counting extends RichMapFunction<Long, Long> implements CheckpointedFunction {

    private static final long serialVersionUID = 1L;

    private final long failAt;
    private final String numbers;
    private final Trace trace;
    private transient ValueState<Long> count;
    private transient String jobId;

    Counting(long failAt, String numbers, Trace trace) {
        this.failAt = failAt;
        this.numbers = numbers;
        this.trace = trace;
    }

    /** In place of open(), whose parameter is another one in each of 1.18 and 2.0. */
    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        count = context.getKeyedStateStore().getState(new ValueStateDescriptor<>("count", Types.LONG));
        jobId = Task.jobId(getRuntimeContext());
        if (Task.isFirst(getRuntimeContext())) {
            trace.write("task", jobId);
        }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public Long map(Long number) throws Exception {
        if (number == failAt) {
            throw new IllegalStateException("the user's code says no at " + number);
        }
        Long before = count.value();
        long now = before == null ? 1 : before + 1;
        count.update(now);
        if (!numbers.isEmpty()) {
            String line = jobId + " " + number + " " + now + "\n";
            Files.write(Path.of(numbers), line.getBytes(StandardCharsets.UTF_8), CREATE, APPEND);
        }
        return now;
    }
}
