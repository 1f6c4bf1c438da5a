package dev.flinkjob.examples;

import dev.flinkjob.Arguments;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Counts how often each of a few keys was seen, in state that survives restarts, savepoints and upgrades.
 *
 * <p>A source makes {@code --rate} numbers per second and subtask; each belongs to one of {@code --keys} keys. Every
 * {@code --print-every}th count of a key is printed as {@code (key,count)} to the TaskManager's standard output: stop the
 * job with a savepoint, start it again from there, and the counts go on where they stopped.
 *
 * <p>Arguments: {@code --rate 100 --keys 8 --print-every 100 --numbers N} (default: no end).
 */
public final class Counter {

    private Counter() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = Arguments.parse(args);
        double rate = arguments.decimal("rate", 100);
        long keys = arguments.whole("keys", 8);
        long printEvery = arguments.whole("print-every", 100);
        long numbers = arguments.whole("numbers", Long.MAX_VALUE);

        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();

        env.fromSequence(1, numbers)
                .uid("numbers")
                .name("numbers")
                .map(new Pace(rate))
                .name("pace")
                .map(number -> number % keys)
                .returns(Types.LONG)
                .name("key")
                .keyBy(key -> key)
                .map(new CountPerKey())
                .uid("count")
                .name("count")
                .filter(keyAndCount -> keyAndCount.f1 % printEvery == 0)
                .name("every " + printEvery + "th")
                .print();

        env.execute("counter");
    }

    /** Lets so many elements pass in a second, one after the other. */
    private static final class Pace implements MapFunction<Long, Long> {

        private final double nanosPerElement;
        private transient boolean started;
        private transient long next;

        Pace(double perSecond) {
            this.nanosPerElement = 1e9 / perSecond;
        }

        @Override
        public Long map(Long element) throws InterruptedException {
            long wait = next - System.nanoTime();
            // A late element does not make the ones behind it come sooner.
            if (!started || wait < 0) {
                started = true;
                next = System.nanoTime();
            } else {
                Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
            }
            next += (long) nanosPerElement;
            return element;
        }
    }

    /** The state: one number per key. */
    private static final class CountPerKey extends RichMapFunction<Long, Tuple2<Long, Long>>
            implements CheckpointedFunction {

        private transient ValueState<Long> count;

        /** In place of open(), whose parameter is another one in Flink 1.18 and 2.0. */
        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            count = context.getKeyedStateStore().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {}

        @Override
        public Tuple2<Long, Long> map(Long key) throws Exception {
            Long before = count.value();
            long now = before == null ? 1 : before + 1;
            count.update(now);
            return Tuple2.of(key, now);
        }
    }
}
