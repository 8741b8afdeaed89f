CREATE TABLE "My (Shop)+"."t" ("id" int, "x" "My (Shop)+"."e");
CREATE TABLE "my (shop)+"."t" ("id" int);
