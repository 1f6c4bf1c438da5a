package dev.flinkjob.testing;

import dev.flinkjob.Arguments;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.StreamingRuntimeContext;

/**
 * A job that tells which configuration each of its parts sees. Arguments: {@code --out DIRECTORY}; {@code --name NAME} and
 * {@code --interval MS} set the job's name and checkpoint interval in the code, {@code --code "KEY=VALUE;KEY=VALUE"} whatever
 * option it names; {@code --elements N} (endless without).
 *
 * <p>Writes {@code main.properties} (the environment's configuration, and what main() made of it under {@code config.}),
 * {@code task.properties} (the job's configuration as the first task sees it) and {@code taskmanager.properties}.
 */
public final class EffectiveConfiguration {

    private EffectiveConfiguration() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = Arguments.parse(args);
        Path out = Path.of(arguments.text("out", "."));
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        if (!arguments.text("interval", "").isEmpty()) {
            env.enableCheckpointing(arguments.whole("interval", 0));
        }
        env.configure(ofTheCode(arguments.text("code", "")));
        Map<String, String> seen = new TreeMap<>(((Configuration) env.getConfiguration()).toMap());
        ExecutionConfig config = env.getConfig();
        seen.put("config.parallelism", String.valueOf(env.getParallelism()));
        seen.put("config.bufferTimeout", String.valueOf(env.getBufferTimeout()));
        seen.put("config.autoWatermarkInterval", String.valueOf(config.getAutoWatermarkInterval()));
        seen.put("config.latencyTrackingInterval", String.valueOf(config.getLatencyTrackingInterval()));
        seen.put("config.taskCancellationInterval", String.valueOf(config.getTaskCancellationInterval()));
        seen.put("config.taskCancellationTimeout", String.valueOf(config.getTaskCancellationTimeout()));
        seen.put("config.snapshotCompression", String.valueOf(config.isUseSnapshotCompression()));
        seen.put("config.closureCleanerLevel", String.valueOf(config.getClosureCleanerLevel()));
        write(out, "main", seen);

        env.fromSequence(1, arguments.whole("elements", Long.MAX_VALUE))
                .uid("sequence")
                .map(new Teller(out.toString()))
                .uid("teller")
                .name("teller");
        String name = arguments.text("name", "");
        if (name.isEmpty()) {
            env.execute();
        } else {
            env.execute(name);
        }
    }

    private static Configuration ofTheCode(String entries) {
        Configuration configuration = new Configuration();
        for (String entry : entries.split(";")) {
            if (!entry.isEmpty()) {
                String[] parts = entry.split("=", 2);
                configuration.setString(parts[0], parts[1]);
            }
        }
        return configuration;
    }

    /** Whole or not at all: the test waits for the file. */
    private static void write(Path directory, String name, Map<String, String> values) {
        Properties properties = new Properties();
        properties.putAll(values);
        Path file = directory.resolve(name + ".properties");
        Path unfinished = directory.resolve(name + ".unfinished");
        try {
            try (Writer writer = Files.newBufferedWriter(unfinished)) {
                properties.store(writer, null);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Teller extends RichMapFunction<Long, Long> {

        private static final long serialVersionUID = 1L;

        private final String out;
        private transient boolean told;

        Teller(String out) {
            this.out = out;
        }

        @Override
        public Long map(Long element) throws Exception {
            if (!told && Task.isFirst(getRuntimeContext())) {
                Environment task = environment();
                write(Path.of(out), "task", task.getJobConfiguration().toMap());
                write(Path.of(out), "taskmanager", task.getTaskManagerInfo().getConfiguration().toMap());
            }
            told = true;
            Thread.sleep(20);
            return element;
        }

        /** Not every version hands it out. */
        private Environment environment() throws ReflectiveOperationException {
            Field environment = StreamingRuntimeContext.class.getDeclaredField("taskEnvironment");
            environment.setAccessible(true);
            return (Environment) environment.get(getRuntimeContext());
        }
    }
}
