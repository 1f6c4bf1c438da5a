package dev.flinkjob.testing;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One line per event, {@code EVENT JOBID EPOCHMILLIS}, appended to a file that all processes of a local cluster share: the
 * witness of how often main() and the tasks really ran. Without a file it writes nothing.
 */
final class Trace implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String file;

    Trace(String file) {
        this.file = file;
    }

    void write(String event, String jobId) {
        if (file.isEmpty()) {
            return;
        }
        String line = event + " " + jobId + " " + System.currentTimeMillis() + "\n";
        try {
            // A short append is one write(2): lines of several processes do not mix.
            Files.write(Path.of(file), line.getBytes(StandardCharsets.UTF_8), CREATE, APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
