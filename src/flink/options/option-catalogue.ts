import { type FindOptions, OptionCatalogue } from "../../core/configuration/catalogue.ts";
import { optionTable } from "./option-table.ts";

/** The catalogue of Flink's options, unpacked when it is first asked. */
export function lazyOptions(): FindOptions {
  let catalogue: OptionCatalogue | undefined;
  return (flinkVersion) => {
    catalogue ??= new OptionCatalogue(optionTable());
    return catalogue.of(flinkVersion);
  };
}
