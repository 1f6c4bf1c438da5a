import { OptionCatalogue, type OptionsOfVersion } from "../../core/configuration/catalogue.ts";
import { optionTable } from "./option-table.ts";

/** Finds the options of a release of Flink; the catalogue is unpacked when it is first asked. */
export type FindOptions = (flinkVersion: string) => OptionsOfVersion | undefined;

export function lazyOptions(): FindOptions {
  let catalogue: OptionCatalogue | undefined;
  return (flinkVersion) => {
    catalogue ??= new OptionCatalogue(optionTable());
    return catalogue.of(flinkVersion);
  };
}
