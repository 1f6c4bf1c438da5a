package dev.flinkjob.options;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.FallbackKey;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.description.HtmlFormatter;
import org.apache.flink.util.TimeUtils;

/**
 * Prints every option that the given JARs declare, one JSON object a line. Arguments: {@code JAR...}, which are on the
 * class path as well. An option is a static field of type ConfigOption; who reads it is told by the class files that
 * mention the field.
 */
public final class PrintOptions {

    private static final String OPTION_TYPE = "org/apache/flink/configuration/ConfigOption";

    private final TreeMap<String, Set<String>> readers = new TreeMap<>();
    private final List<String> declaring = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        PrintOptions options = new PrintOptions();
        for (String jar : args) {
            options.readJar(Path.of(jar));
        }
        options.print(new PrintStream(System.out, false, StandardCharsets.UTF_8));
    }

    private void readJar(Path path) throws IOException {
        try (JarFile jar = new JarFile(path.toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                String name = entry.getName();
                if (!name.startsWith("org/apache/flink/") || !name.endsWith(".class") || name.contains("/shaded/")) {
                    continue;
                }
                String className = name.substring(0, name.length() - ".class".length());
                try (InputStream in = jar.getInputStream(entry)) {
                    readClass(className, FieldReferences.of(in));
                }
            }
        }
    }

    private void readClass(String name, Set<String> references) {
        for (String reference : references) {
            // A class that declares an option mentions it where it makes it.
            if (reference.startsWith(name + ".")) {
                if (declaring.isEmpty() || !declaring.get(declaring.size() - 1).equals(name)) {
                    declaring.add(name);
                }
            } else {
                readers.computeIfAbsent(reference, ignored -> new TreeSet<>()).add(name.replace('/', '.'));
            }
        }
    }

    private void print(PrintStream out) throws Exception {
        for (String name : declaring) {
            Class<?> owner = Class.forName(name.replace('/', '.'));
            for (Field field : owner.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) && field.getType() == ConfigOption.class) {
                    field.setAccessible(true);
                    ConfigOption<?> option = (ConfigOption<?>) field.get(null);
                    if (option != null) {
                        out.println(line(owner, field, option, readers.getOrDefault(name + "." + field.getName(), Set.of())));
                    }
                }
            }
        }
        out.flush();
    }

    private static String line(Class<?> owner, Field field, ConfigOption<?> option, Set<String> readers) throws Exception {
        Class<?> type = (Class<?>) call(ConfigOption.class, option, "getClazz");
        boolean list = (boolean) call(ConfigOption.class, option, "isList");
        List<String> deprecated = new ArrayList<>();
        List<String> fallback = new ArrayList<>();
        for (FallbackKey key : option.fallbackKeys()) {
            (key.isDeprecated() ? deprecated : fallback).add(key.getKey());
        }
        return new JsonLine()
                .text("key", option.key())
                .text("owner", owner.getName())
                .text("field", field.getName())
                .text("type", typeName(type))
                .flag("list", list)
                .text("default", valueText(option.defaultValue()))
                .texts("values", enumValues(type))
                .texts("deprecatedKeys", deprecated)
                .texts("fallbackKeys", fallback)
                .flag("deprecated", field.isAnnotationPresent(Deprecated.class))
                .text("prefix", annotationText(field, "SuffixOption"))
                .text("description", new HtmlFormatter().format(option.description()))
                .texts("readers", readers)
                .toString();
    }

    private static Object call(Class<?> type, Object target, String name) throws Exception {
        Method method = type.getDeclaredMethod(name);
        method.setAccessible(true);
        return method.invoke(target);
    }

    private static String typeName(Class<?> type) {
        return type.isEnum() ? "Enum" : type.getSimpleName();
    }

    /** As Flink compares them: by toString(), in any case. */
    private static List<String> enumValues(Class<?> type) {
        if (!type.isEnum()) {
            return List.of();
        }
        return Arrays.stream(type.getEnumConstants()).map(Object::toString).collect(Collectors.toList());
    }

    /** The default as a person would write it into Flink's configuration; null where there is none. */
    private static String valueText(Object value) {
        if (value == null) {
            return null;
        }
        if (value instanceof Duration) {
            return TimeUtils.formatWithHighestUnit((Duration) value);
        }
        if (value instanceof MemorySize) {
            return value.toString();
        }
        if (value instanceof List) {
            return ((List<?>) value).stream().map(PrintOptions::valueText).collect(Collectors.joining(";"));
        }
        if (value instanceof Map) {
            return new TreeMap<>((Map<?, ?>) value)
                    .entrySet().stream()
                            .map(entry -> valueText(entry.getKey()) + ":" + valueText(entry.getValue()))
                            .collect(Collectors.joining(","));
        }
        if (value instanceof Class) {
            return ((Class<?>) value).getName();
        }
        return value.toString();
    }

    /** The value of one of Flink's documentation annotations. */
    private static String annotationText(Field field, String name) throws Exception {
        for (Annotation annotation : field.getAnnotations()) {
            if (annotation.annotationType().getSimpleName().equals(name)) {
                Object value = annotation.annotationType().getMethod("value").invoke(annotation);
                return String.valueOf(value);
            }
        }
        return null;
    }
}
