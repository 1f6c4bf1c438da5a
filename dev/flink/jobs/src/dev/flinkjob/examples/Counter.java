package dev.flinkjob.examples;

import dev.flinkjob.Arguments;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Counts how often each of a few keys was seen, in state that survives restarts, savepoints and upgrades.
 *
 * <p>A source makes {@code --rate} numbers per second; each belongs to one of {@code --keys} keys. Every
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

        DataGeneratorSource<Long> source =
                new DataGeneratorSource<>(
                        number -> number, numbers, RateLimiterStrategy.perSecond(rate), Types.LONG);

        env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers")
                .uid("numbers")
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

    /** The state: one number per key. */
    private static final class CountPerKey extends RichMapFunction<Long, Tuple2<Long, Long>> {

        private transient ValueState<Long> count;

        @Override
        public void open(OpenContext context) {
            count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        @Override
        public Tuple2<Long, Long> map(Long key) throws Exception {
            Long before = count.value();
            long now = before == null ? 1 : before + 1;
            count.update(now);
            return Tuple2.of(key, now);
        }
    }
}
