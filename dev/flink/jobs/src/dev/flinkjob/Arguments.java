package dev.flinkjob;

import java.util.HashMap;
import java.util.Map;

/**
 * {@code --name value} arguments. Flink's own ParameterTool moved to another package between 1.20 and 2.x, and one JAR
 * should run on both.
 */
public final class Arguments {

    private final Map<String, String> values = new HashMap<>();

    private Arguments() {}

    /** Reads {@code args} from {@code from} on; throws IllegalArgumentException for anything but pairs. */
    public static Arguments parse(String[] args, int from) {
        Arguments arguments = new Arguments();
        for (int i = from; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                throw new IllegalArgumentException("Expected \"--name value\", got \"" + args[i] + "\"");
            }
            arguments.values.put(args[i].substring(2), args[i + 1]);
        }
        return arguments;
    }

    public static Arguments parse(String[] args) {
        return parse(args, 0);
    }

    public String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    public long whole(String name, long otherwise) {
        return values.containsKey(name) ? Long.parseLong(values.get(name)) : otherwise;
    }

    public double decimal(String name, double otherwise) {
        return values.containsKey(name) ? Double.parseDouble(values.get(name)) : otherwise;
    }
}
