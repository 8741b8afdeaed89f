SELECT * FROM Public.t, "Public".t;
