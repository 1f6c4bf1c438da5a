package dev.flinkjob.options;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;

/**
 * Asks Flink to read values as a run request hands them over. Argument: a file with a line {@code TYPE BASE64} for each;
 * prints {@code ok} or {@code refused} for each, in order. An Enum is a RuntimeExecutionMode.
 */
public final class ReadValues {

    public static void main(String[] args) throws Exception {
        StringBuilder answers = new StringBuilder();
        try (BufferedReader lines = Files.newBufferedReader(Path.of(args[0]))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", -1);
                String value = new String(Base64.getDecoder().decode(words[1]), StandardCharsets.UTF_8);
                answers.append(answer(option(words[0]), value)).append('\n');
            }
        }
        System.out.print(answers);
    }

    private static String answer(ConfigOption<?> option, String value) {
        try {
            Configuration.fromMap(Map.of(option.key(), value)).get(option);
            return "ok";
        } catch (RuntimeException e) {
            return "refused";
        }
    }

    private static ConfigOption<?> option(String type) {
        ConfigOptions.OptionBuilder key = ConfigOptions.key("k");
        switch (type) {
            case "String":
                return key.stringType().noDefaultValue();
            case "Integer":
                return key.intType().noDefaultValue();
            case "Long":
                return key.longType().noDefaultValue();
            case "Float":
                return key.floatType().noDefaultValue();
            case "Double":
                return key.doubleType().noDefaultValue();
            case "Boolean":
                return key.booleanType().noDefaultValue();
            case "Duration":
                return key.durationType().noDefaultValue();
            case "MemorySize":
                return key.memoryType().noDefaultValue();
            case "Enum":
                return key.enumType(RuntimeExecutionMode.class).noDefaultValue();
            case "Map":
                return key.mapType().noDefaultValue();
            case "List<String>":
                return key.stringType().asList().noDefaultValue();
            case "List<Enum>":
                return key.enumType(RuntimeExecutionMode.class).asList().noDefaultValue();
            default:
                throw new IllegalArgumentException(type);
        }
    }
}
