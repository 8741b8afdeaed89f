import { testRandomPairs } from "../support/random-schemas/pairs.ts";

testRandomPairs("journal", 160);
