insert into organisations(id,slug,name) values ('00000000-0000-0000-0000-0000000000a1','acme','Acme'),('00000000-0000-0000-0000-0000000000a2','beta','Beta');
insert into users(id,email,display_name,status) values ('00000000-0000-0000-0000-0000000000b1','Ann@Example.com','Ann','active'),('00000000-0000-0000-0000-0000000000b2','bob@example.com','Bob','suspended');
insert into memberships values ('00000000-0000-0000-0000-0000000000a1','00000000-0000-0000-0000-0000000000b1',true),('00000000-0000-0000-0000-0000000000a1','00000000-0000-0000-0000-0000000000b2',false);
insert into credentials(user_id,type,secret_hash) select id,'password','x' from users;
insert into credentials(user_id,type,secret_hash) select id,'sms','y' from users where email like 'bob%';
insert into credentials(user_id,type,secret_hash) select id,'totp','y' from users where email like 'Ann%';
insert into sessions(user_id,token_hash,expires_at) select id,id::text,now()+interval '1 day' from users;
