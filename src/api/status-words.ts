import * as z from "zod";

/** What the fields of a status are made of. */
export const time = (description: string) => z.string().meta({ description, format: "date-time" });
export const word = (description: string) => z.string().meta({ description });
export const count = (description: string) => z.int().meta({ description });
