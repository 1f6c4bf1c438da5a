package dev.flinkjob.testing;

import java.lang.reflect.Method;
import org.apache.flink.api.common.functions.RuntimeContext;

/** What a task knows of itself. Flink moved it between 1.18 and 2.0, so it is looked for by name. */
final class Task {

    private Task() {}

    static boolean isFirst(RuntimeContext context) throws ReflectiveOperationException {
        return (int) of(context, "getTaskInfo", "getIndexOfThisSubtask") == 0;
    }

    static String jobId(RuntimeContext context) throws ReflectiveOperationException {
        return of(context, "getJobInfo", "getJobId").toString();
    }

    /** {@code context.info().value()}, or before Flink 1.19 {@code context.value()}. */
    private static Object of(RuntimeContext context, String info, String value) throws ReflectiveOperationException {
        Method older = methodOrNull(value);
        if (older != null) {
            return older.invoke(context);
        }
        Method newer = RuntimeContext.class.getMethod(info);
        return newer.getReturnType().getMethod(value).invoke(newer.invoke(context));
    }

    private static Method methodOrNull(String name) {
        try {
            return RuntimeContext.class.getMethod(name);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }
}
