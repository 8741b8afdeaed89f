SELECT * FROM PUBLIC . t, "public"
.u;
