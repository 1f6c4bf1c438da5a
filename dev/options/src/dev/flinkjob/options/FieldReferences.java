package dev.flinkjob.options;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;

/** The fields that a class file mentions, {@code class/in/slashes.FIELD}, read from its constant pool. */
final class FieldReferences {

    private static final int UTF8 = 1;
    private static final int CLASS = 7;
    private static final int FIELD = 9;
    private static final int NAME_AND_TYPE = 12;
    private static final String OPTION = "Lorg/apache/flink/configuration/ConfigOption;";

    private FieldReferences() {}

    /** Of type ConfigOption only. */
    static Set<String> of(InputStream classFile) throws IOException {
        DataInputStream in = new DataInputStream(classFile);
        if (in.readInt() != 0xCAFEBABE) {
            throw new IOException("not a class file");
        }
        in.readInt();
        int count = in.readUnsignedShort();
        int[] tags = new int[count];
        int[] first = new int[count];
        int[] second = new int[count];
        String[] texts = new String[count];
        for (int i = 1; i < count; i++) {
            tags[i] = in.readUnsignedByte();
            switch (tags[i]) {
                case UTF8:
                    texts[i] = in.readUTF();
                    break;
                case CLASS:
                case 8: // String
                case 16: // MethodType
                case 19: // Module
                case 20: // Package
                    first[i] = in.readUnsignedShort();
                    break;
                case FIELD:
                case 10: // Method
                case 11: // InterfaceMethod
                case NAME_AND_TYPE:
                case 17: // Dynamic
                case 18: // InvokeDynamic
                    first[i] = in.readUnsignedShort();
                    second[i] = in.readUnsignedShort();
                    break;
                case 3: // Integer
                case 4: // Float
                    in.readInt();
                    break;
                case 5: // Long
                case 6: // Double: both take two places
                    in.readLong();
                    i++;
                    break;
                case 15: // MethodHandle
                    in.readUnsignedByte();
                    in.readUnsignedShort();
                    break;
                default:
                    throw new IOException("unknown constant " + tags[i]);
            }
        }
        Set<String> found = new HashSet<>();
        for (int i = 1; i < count; i++) {
            if (tags[i] == FIELD && OPTION.equals(texts[second[second[i]]])) {
                found.add(texts[first[first[i]]] + "." + texts[first[second[i]]]);
            }
        }
        return found;
    }
}
