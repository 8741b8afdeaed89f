import { judgePairs } from "../support/random-schemas/pairs.ts";

judgePairs("journal");
