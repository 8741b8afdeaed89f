SELECT * FROM U&"\0070ublic".t;
