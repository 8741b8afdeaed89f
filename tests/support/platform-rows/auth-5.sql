insert into invitations(organisation_id,role_id,email,token_hash) select o.id,r.id,'Cy@x.y','t' from organisations o, roles r where o.slug='acme' and r.key='member';
insert into audit_log(action,target_type,target_id) values ('a','b','c');
