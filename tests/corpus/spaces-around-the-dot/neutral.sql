SELECT * FROM "{tenant}" . t, "{tenant}"
.u;
