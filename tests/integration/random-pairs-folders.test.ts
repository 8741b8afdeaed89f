import { testRandomPairs } from "../support/random-schemas/pairs.ts";

testRandomPairs("folders", 12);
