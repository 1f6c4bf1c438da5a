package dev.flinkjob.options;

import java.util.Collection;
import java.util.stream.Collectors;

/** A JSON object on one line. What is empty is left out. */
final class JsonLine {

    private final StringBuilder fields = new StringBuilder();

    JsonLine text(String name, String value) {
        return value == null ? this : field(name, quoted(value));
    }

    JsonLine flag(String name, boolean value) {
        return value ? field(name, "true") : this;
    }

    JsonLine texts(String name, Collection<String> values) {
        if (values.isEmpty()) {
            return this;
        }
        return field(name, values.stream().map(JsonLine::quoted).collect(Collectors.joining(",", "[", "]")));
    }

    private JsonLine field(String name, String json) {
        fields.append(fields.length() == 0 ? "" : ",").append(quoted(name)).append(':').append(json);
        return this;
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    @Override
    public String toString() {
        return "{" + fields + "}";
    }
}
